import { Fragment } from 'react';
import { CopyButton } from './copy-button';
import { markLength, type Token, tokenLines } from './sql-tokens';

export interface CodeMark {
  line: number;
  column: number;
  message: string;
}

/** SQL to read: line numbers, colours, and marked places. `around` shows only the lines near that one. */
export function CodeView({ sql, marks = [], around, label, copy = false }: {
  sql: string;
  marks?: CodeMark[];
  around?: number;
  label: string;
  copy?: boolean;
}) {
  const text = sql.replace(/\s+$/, '');
  const plain = text.split('\n');
  const lines = tokenLines(text);
  const from = around === undefined ? 1 : Math.max(1, Math.min(around, lines.length) - 3);
  const to = around === undefined ? lines.length : Math.min(lines.length, around + 2);
  return (
    <div className="code">
      {copy && <div className="code-copy"><CopyButton text={sql} quiet /></div>}
      <pre role="group" tabIndex={0} aria-label={label} data-testid="code">
        {lines.slice(from - 1, to).map((line, i) => {
          const number = from + i;
          const marked = marks.filter((mark) => mark.line === number);
          return (
            <Fragment key={number}>
              <span className={marked.length > 0 ? 'code-line code-line-marked' : 'code-line'}>
                <span className="code-number" aria-hidden="true">{number}</span>
                <span className="code-text"><Pieces line={line} /></span>
              </span>
              {marked.map((mark) => (
                <span className="code-mark" key={mark.column} data-testid="code-mark">
                  {' '.repeat(Math.max(0, mark.column - 1))}
                  {'^'.repeat(markLength(plain[number - 1] ?? '', mark.column))} {mark.message}
                </span>
              ))}
            </Fragment>
          );
        })}
      </pre>
    </div>
  );
}

export function Pieces({ line }: { line: Token[] }) {
  return (
    <>
      {line.map((token, i) => (
        <span key={i} className={token.kind === 'space' ? undefined : `sql-${token.kind}`}>{token.text}</span>
      ))}
    </>
  );
}
