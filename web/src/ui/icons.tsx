import type { ReactNode } from 'react';

function Icon({ children, className = 'size-5' }: { children: ReactNode; className?: string | undefined }) {
  return (
    <svg
      viewBox="0 0 24 24"
      className={className}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

interface Props {
  className?: string;
}

export const BackIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M14.5 5.5 8 12l6.5 6.5" />
  </Icon>
);

export const SendIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 19V5.5M6 11.5l6-6 6 6" />
  </Icon>
);

export const StopIcon = (props: Props) => (
  <Icon {...props}>
    <rect x="7" y="7" width="10" height="10" rx="2" fill="currentColor" />
  </Icon>
);

export const VoiceOnIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" />
  </Icon>
);

export const VoiceOffIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4ZM16 9.5l5 5M21 9.5l-5 5" />
  </Icon>
);

export const NewIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 20H6.5A2.5 2.5 0 0 1 4 17.5V6.5A2.5 2.5 0 0 1 6.5 4H12M18.8 3.7a1.9 1.9 0 0 1 1.5 3.2L13 14.2l-3.2.6.6-3.2 7.3-7.3c.3-.4.7-.6 1.1-.6Z" />
  </Icon>
);

export const CloseIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M6.5 6.5l11 11M17.5 6.5l-11 11" />
  </Icon>
);

export const DownIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 5v13.5M6 12.5l6 6 6-6" />
  </Icon>
);

/** The product's mark: a level that looks like a voice. */
export const Mark = ({ className = 'size-8' }: Props) => (
  <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
    <rect width="32" height="32" rx="9" className="fill-said" />
    <path d="M8 13v6M12 9.5v13M16 6.5v19M20 11v10M24 14v4" className="stroke-[#f4803c]" strokeWidth="2.4" strokeLinecap="round" />
  </svg>
);
