import { figureOf, type Character } from '../chat/character.ts';
import { FigureView } from './FigureView.tsx';
import { Portrait } from './Portrait.tsx';
import { useSettings } from './settings.ts';

interface PresenceProps {
  character: Character | null;
  level: () => number;
  className: string;
}

/** A character as one faces it: its portrait, or its figure where it has one and the user wants that. */
export function Presence({ character, level, className }: PresenceProps) {
  const { settings } = useSettings();
  const figure = character && figureOf(character);
  const portrait = <Portrait character={character} level={level} className={className} />;
  if (!character || !figure || settings.look !== 'figure') return portrait;
  return (
    <FigureView url={figure} name={character.name} level={level} className={className}>
      {portrait}
    </FigureView>
  );
}
