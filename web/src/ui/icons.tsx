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

export const PlusIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 5.5v13M5.5 12h13" />
  </Icon>
);

export const SearchIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M11 4.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM16 16l4 4" />
  </Icon>
);

export const MoreIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M6 12h.01M12 12h.01M18 12h.01" strokeWidth="3" />
  </Icon>
);

export const EditIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M5 19h3.2L18.5 8.7a2.26 2.26 0 0 0-3.2-3.2L5 15.8V19ZM13.5 7.3l3.2 3.2" />
  </Icon>
);

export const TrashIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M5 7h14M10 11v6M14 11v6M7 7l.8 11.2a1.5 1.5 0 0 0 1.5 1.3h5.4a1.5 1.5 0 0 0 1.5-1.3L17 7M9.5 7V5.2c0-.4.3-.7.7-.7h3.6c.4 0 .7.3.7.7V7" />
  </Icon>
);

export const ExportIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 14.5v-10M8 8l4-4 4 4M5 14v4.5A1.5 1.5 0 0 0 6.5 20h11a1.5 1.5 0 0 0 1.5-1.5V14" />
  </Icon>
);

export const ImportIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 4.5v10M8 11l4 4 4-4M5 14v4.5A1.5 1.5 0 0 0 6.5 20h11a1.5 1.5 0 0 0 1.5-1.5V14" />
  </Icon>
);

export const SceneIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 7.5h16v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-11ZM4 7.5l1.6-3h3l-1.4 3M11 7.5l1.6-3h3l-1.4 3M18 7.5l1.6-3" />
  </Icon>
);

export const CopyIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M9 9.5A1.5 1.5 0 0 1 10.5 8h7A1.5 1.5 0 0 1 19 9.5v9a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 9 18.5v-9ZM15 5.5A1.5 1.5 0 0 0 13.5 4h-7A1.5 1.5 0 0 0 5 5.5v9A1.5 1.5 0 0 0 6.5 16" />
  </Icon>
);

export const PlayIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M8 5.8v12.4c0 .6.7 1 1.2.6l9-6.2c.5-.3.5-1 0-1.3l-9-6.1C8.7 4.8 8 5.2 8 5.8Z" />
  </Icon>
);

export const ClockIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 8v4.3l3 1.9" />
  </Icon>
);

export const SettingsIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M4 7.5h9M17 7.5h3M13 5.5h4v4h-4zM4 16.5h3M11 16.5h9M7 14.5h4v4H7z" />
  </Icon>
);

export const InfoIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 11.2V16M12 8h.01" />
  </Icon>
);

export const MicIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 4a2.8 2.8 0 0 1 2.8 2.8v4.4a2.8 2.8 0 0 1-5.6 0V6.800A2.8 2.8 0 0 1 12 4ZM6.500 11.200a5.500 5.500 0 0 0 11 0M12 16.700V20" />
  </Icon>
);

export const CheckIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M5.500 12.500l4.200 4.200 8.800-9.200" />
  </Icon>
);

export const SparkIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 4l1.700 5.300L19 11l-5.300 1.700L12 18l-1.700-5.300L5 11l5.300-1.700L12 4ZM18.500 16.500v4M16.500 18.500h4" />
  </Icon>
);

export const UserIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 5a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7ZM5 19.500c1-3.400 3.700-5 7-5s6 1.600 7 5" />
  </Icon>
);

export const PictureIcon = (props: Props) => (
  <Icon {...props}>
    <rect x="4" y="5" width="16" height="14" rx="2.5" />
    <path d="m4.5 16.5 4.2-4.3 3.6 3.6 2.6-2.6 4.6 4.3M15.5 9.2h.01" />
  </Icon>
);

export const CubeIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 3.5 19.5 7.7v8.6L12 20.5l-7.5-4.2V7.7L12 3.5ZM12 12l7.3-4.2M12 12v8.3M12 12 4.7 7.8" />
  </Icon>
);

export const MemoryIcon = (props: Props) => (
  <Icon {...props}>
    <path d="M12 6.5C10.5 5 8 4.5 4.5 4.5v13c3.5 0 6 .5 7.5 2 1.5-1.5 4-2 7.5-2v-13c-3.5 0-6 .5-7.5 2ZM12 6.5v13" />
  </Icon>
);

/** The product's mark: a level that looks like a voice. */
export const Mark = ({ className = 'size-8' }: Props) => (
  <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
    <rect width="32" height="32" rx="9" className="fill-said" />
    <path d="M8 13v6M12 9.5v13M16 6.5v19M20 11v10M24 14v4" className="stroke-[#f4803c]" strokeWidth="2.4" strokeLinecap="round" />
  </svg>
);
