import { type LinkState, useLive } from '../state/live';

const words: Record<LinkState, [string, string]> = {
  connecting: ['Connecting', 'Waiting for the first answer'],
  live: ['Live', 'Changes arrive as they happen'],
  polling: ['Polling', 'Updates do not arrive; the status is asked for every 2 s'],
  stale: ['Stale', 'The server does not answer; what is shown may be old'],
};

/** How this page hears from the server. A dot's shape differs with its state, not only its colour. */
export function LinkChip() {
  const { link } = useLive();
  const [word, meaning] = words[link];
  return (
    <span className={`link-chip link-${link}`} title={meaning} role="status" data-testid="link-state" data-state={link}>
      <span className="link-dot" aria-hidden="true" />
      <span className="link-word">{word}</span>
    </span>
  );
}
