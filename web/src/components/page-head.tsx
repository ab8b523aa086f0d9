import type { ReactNode } from 'react';

export function PageHead({ title, lead, actions, mono = false }: {
  title: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  mono?: boolean;
}) {
  return (
    <header className="page-head">
      <div className="page-title">
        <h1 className={mono ? 'mono' : undefined} data-testid="page-title">{title}</h1>
        {lead && <div className="page-lead">{lead}</div>}
      </div>
      {actions && <div className="page-actions">{actions}</div>}
    </header>
  );
}
