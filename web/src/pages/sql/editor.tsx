import { type CSSProperties, type RefObject, useMemo, useRef } from 'react';
import { Pieces } from '../../components/code-view';
import { markLength, tokenLines } from '../../components/sql-tokens';

interface Props {
  value: string;
  onChange: (sql: string) => void;
  onRun: () => void;
  mark: { line: number; column: number } | null;
  area: RefObject<HTMLTextAreaElement | null>;
}

/** A plain text box over a coloured copy of its text: every key and every reader of the screen works as in any other. */
export function SqlEditor({ value, onChange, onRun, mark, area }: Props) {
  const behind = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => tokenLines(value), [value]);
  const plain = useMemo(() => value.split('\n'), [value]);
  const height = Math.min(18, Math.max(6, lines.length + 1));
  return (
    <div className="editor" style={{ '--editor-lines': height } as CSSProperties}>
      <div className="editor-behind" ref={behind} aria-hidden="true">
        <pre>
          {lines.map((line, i) => (
            <span key={i} className={mark?.line === i + 1 ? 'editor-line editor-line-marked' : 'editor-line'}>
              <span className="code-number">{i + 1}</span>
              <span className="editor-text"><Pieces line={line} />{'\n'}</span>
              {mark?.line === i + 1 && (
                <span
                  className="editor-mark"
                  style={{ '--mark-from': mark.column - 1, '--mark-length': markLength(plain[i] ?? '', mark.column) } as CSSProperties}
                />
              )}
            </span>
          ))}
        </pre>
      </div>
      <textarea
        ref={area}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => {
          if (behind.current === null) return;
          behind.current.scrollTop = event.currentTarget.scrollTop;
          behind.current.scrollLeft = event.currentTarget.scrollLeft;
        }}
        onKeyDown={(event) => {
          if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
            event.preventDefault();
            onRun();
          }
        }}
        aria-label="SQL"
        aria-invalid={mark !== null}
        placeholder="SELECT * FROM gold.…"
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
        data-testid="sql-input"
      />
    </div>
  );
}
