import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { LOGIN, loginOffered, logout, me } from '../api/account.ts';
import { Avatar } from './Avatar.tsx';
import { errorText } from './errors.ts';
import { UserIcon } from './icons.tsx';
import { useWords } from './language.ts';
import { useToast } from './toast.tsx';

/** Who is logged in, and the way in or out. */
export function Account() {
  const words = useWords();
  const toast = useToast();
  const queries = useQueryClient();
  const user = useQuery(me);
  const offered = useQuery({ ...loginOffered, enabled: user.data === null });
  const leave = useMutation({
    mutationFn: logout,
    onError: (error) => toast(errorText(error, words)),
    // Everything that was one's own is another's now.
    onSuccess: () => queries.invalidateQueries(),
  });
  if (user.data) {
    const { id, username, email, picture } = user.data;
    return (
      <section aria-label={words.account} className="flex items-center gap-3 rounded-2xl bg-sunken p-4">
        <Avatar character={{ id, name: username || email, image_url: picture }} className="size-11 rounded-full" />
        <div className="min-w-0 flex-1">
          <p className="truncate font-semibold">{username || email}</p>
          <p className="truncate text-sm text-soft">{email}</p>
        </div>
        <button type="button" className="button" disabled={leave.isPending} onClick={() => leave.mutate()}>
          {words.logout}
        </button>
      </section>
    );
  }
  return (
    <section aria-label={words.account} className="flex flex-wrap items-center gap-3 rounded-2xl bg-sunken p-4">
      <UserIcon className="size-6 text-soft" />
      <p className="min-w-48 flex-1 text-sm leading-relaxed text-soft">{offered.data ? words.loginHint : words.loginNone}</p>
      {offered.data && (
        <a href={LOGIN} className="button-main">
          {words.login}
        </a>
      )}
    </section>
  );
}
