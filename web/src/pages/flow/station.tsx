import type { CSSProperties, ReactNode } from 'react';
import type { Box } from './layout';

/** One box of the picture: a name and its figures. */
export function Station({ box, name, note, tone, children, testId }: {
  box: Box;
  name: ReactNode;
  note?: ReactNode;
  tone?: 'batch' | 'speed' | 'merge';
  children?: ReactNode;
  testId: string;
}) {
  const style: CSSProperties = { left: box.x, top: box.y, width: box.w, height: box.h };
  return (
    <section className={`station ${tone ? `station-${tone}` : ''}`} style={style} data-testid={testId}>
      <header className="station-head">
        <h3>{name}</h3>
        {note && <span className="station-note">{note}</span>}
      </header>
      {children}
    </section>
  );
}

export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export function Fact({ name, children, title }: { name: string; children: ReactNode; title?: string }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
