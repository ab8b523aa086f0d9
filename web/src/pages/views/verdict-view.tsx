import type { Difference, Row, Verdict } from '../../api/types';
import { Icon } from '../../components/icon';
import { counted, milliseconds } from '../../format/number';
import { offsetsByStream } from '../../format/offset';
import { plainText } from '../../format/value';

/** What a verify just found, with the first differing rows. */
export function Verdicts({ verdicts, onClose }: { verdicts: Verdict[]; onClose: () => void }) {
  return (
    <div className="stack-list" data-testid="verify-result" role="status">
      {verdicts.map((verdict) => (
        <section key={verdict.view} className={`card verdict verdict-${verdict.result}`} aria-label={`Verify of ${verdict.view}`}>
          <header className="card-head">
            <Icon name={verdict.result === 'equal' ? 'check' : 'cross'} />
            <b>{verdict.result === 'equal' ? 'Equal' : verdict.result === 'different' ? 'Different' : 'Failed'}</b>
            <span className="quiet">
              {verdict.rows !== null && `${counted(verdict.rows, 'row')} `}at <span className="mono">{offsetsByStream(verdict.offsets)}</span> in {milliseconds(verdict.elapsed_ms)}
            </span>
            <span className="card-end">
              <button type="button" className="button button-quiet button-icon" aria-label="Close" onClick={onClose}><Icon name="cross" /></button>
            </span>
          </header>
          {verdict.note && <p>{verdict.note}</p>}
          {verdict.differences?.length > 0 && <Differences differences={verdict.differences} />}
        </section>
      ))}
    </div>
  );
}

function Differences({ differences }: { differences: Difference[] }) {
  const columns = differences[0]?.columns ?? [];
  return (
    <div className="list-scroll" role="group" tabIndex={0} aria-label="The first differing rows">
      <table className="list differences">
        <thead><tr><th scope="col">Side</th>{columns.map((column) => <th scope="col" key={column} className="mono">{column}</th>)}</tr></thead>
        <tbody>
          {differences.flatMap((difference, i) => [
            <Side key={`${i}e`} name="recomputed" row={difference.expected} other={difference.actual} width={columns.length} />,
            <Side key={`${i}a`} name="merged read" row={difference.actual} other={difference.expected} width={columns.length} />,
          ])}
        </tbody>
      </table>
    </div>
  );
}

function Side({ name, row, other, width }: { name: string; row: Row | null; other: Row | null; width: number }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {row === null
        ? <td colSpan={width} className="quiet">no such row</td>
        : row.map((value, i) => {
            const text = value === null ? 'NULL' : plainText(value);
            const differs = other !== null && plainText(value) !== plainText(other[i] ?? null);
            return <td key={i} className="mono">{differs ? <mark>{text}</mark> : text}</td>;
          })}
    </tr>
  );
}
