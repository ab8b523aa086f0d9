import type { ReactNode } from 'react';
import { Command } from './command';
import { Icon, type IconName } from './icon';

export type StateKind = 'empty' | 'loading' | 'stale' | 'failed' | 'denied' | 'ok';

const icons: Record<StateKind, IconName> = {
  empty: 'dash', loading: 'clock', stale: 'clock', failed: 'warn', denied: 'lock', ok: 'check',
};

/** What stands where content would be: why it is not there, and the next step. */
export function StatePanel({ kind, title, children, command, actions, testId }: {
  kind: StateKind;
  title: string;
  children?: ReactNode;
  command?: string;
  actions?: ReactNode;
  testId?: string;
}) {
  return (
    <div className={`state state-${kind}`} data-testid={testId ?? `state-${kind}`} role={kind === 'failed' ? 'alert' : 'status'}>
      <span className="state-icon"><Icon name={icons[kind]} /></span>
      <p className="state-title">{title}</p>
      {children && <div className="state-body">{children}</div>}
      {command && <Command>{command}</Command>}
      {actions && <div className="row">{actions}</div>}
    </div>
  );
}

/** Grey bars in the place of what is on its way, of the same height, so that nothing jumps. */
export function Skeleton({ rows = 3, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" data-testid="state-loading">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, i) => <span key={i} aria-hidden="true" />)}
    </div>
  );
}
