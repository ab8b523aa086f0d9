import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'batch' | 'speed' | 'quiet';

/** A state in a word: the icon and the word say it, the colour repeats it. */
export function Chip({ tone = 'quiet', icon, children, title, testId }: {
  tone?: Tone;
  icon?: IconName;
  children: ReactNode;
  title?: string;
  testId?: string;
}) {
  return (
    <span className={`chip chip-${tone}`} title={title} data-testid={testId}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}
