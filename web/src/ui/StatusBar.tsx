import type { RoomState } from '../chat/room.ts';
import type { Words } from '../i18n.ts';

interface StatusBarProps {
  state: RoomState;
  words: Words;
  onReconnect: () => void;
  onRestart: () => void;
}

/** A line under the header while the connection is not what it should be; nothing while it is. */
export function StatusBar({ state: { status }, words, onReconnect, onRestart }: StatusBarProps) {
  return (
    <div role="status" data-testid="status">
      {status.state === 'queued' && (
        <Line spinning detail={words.queuedHint(status.waiting)}>
          {words.queued(status.position)}
        </Line>
      )}
      {status.state === 'reconnecting' && (
        <Line spinning action={{ label: words.connectNow, run: onReconnect }}>
          {status.offline ? words.offline : status.problem?.code === 'slot_limit' ? words.full : words.reconnecting}
        </Line>
      )}
      {status.state === 'taken_over' && (
        <Line action={{ label: words.takeBack, run: onReconnect }}>{words.takenOver}</Line>
      )}
      {status.state === 'refused' && (
        <Line detail={status.problem.detail} action={{ label: words.newConversation, run: onRestart }}>
          {words.refused}
        </Line>
      )}
      {status.state === 'closed' && (
        <Line action={{ label: words.newConversation, run: onRestart }}>{words.ended}</Line>
      )}
    </div>
  );
}

interface LineProps {
  children: string;
  detail?: string;
  spinning?: boolean;
  action?: { label: string; run: () => void };
}

function Line({ children, detail, spinning, action }: LineProps) {
  return (
    <div className="border-b border-line bg-sunken">
      <div className="mx-auto flex max-w-3xl items-center gap-3 px-4 py-2.5 text-sm sm:px-6">
        {spinning && (
          <span className="size-4 shrink-0 animate-spin rounded-full border-2 border-line border-t-ember" aria-hidden="true" />
        )}
        <div className="min-w-0 flex-1">
          <p className="font-medium">{children}</p>
          {detail && <p className="text-[0.8125rem] text-soft">{detail}</p>}
        </div>
        {action && (
          <button
            type="button"
            onClick={action.run}
            className="shrink-0 rounded-full border border-line bg-raised px-4 py-2 text-[0.8125rem] font-semibold hover:border-ember hover:text-ember"
          >
            {action.label}
          </button>
        )}
      </div>
    </div>
  );
}
