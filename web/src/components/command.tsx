import { CopyButton } from './copy-button';

/** A command to copy: the next step, written out. */
export function Command({ children }: { children: string }) {
  return (
    <div className="command">
      <div className="command-text" role="group" aria-label="Command" tabIndex={0}><code>{children}</code></div>
      <CopyButton text={children} quiet />
    </div>
  );
}
