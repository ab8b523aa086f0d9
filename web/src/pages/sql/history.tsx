import { forgetQueries, useSqlHistory } from '../../state/sql-history';
import { ago } from '../../format/time';
import { useNow } from '../../state/clock';

export function History({ onPick }: { onPick: (sql: string) => void }) {
  const past = useSqlHistory();
  const now = useNow();
  return (
    <details className="history" data-testid="sql-history">
      <summary>History <span className="quiet">{past.length}</span></summary>
      {past.length === 0 ? (
        <p className="quiet">Statements that you run are kept here, in this browser only.</p>
      ) : (
        <>
          <ul>
            {past.map((each) => (
              <li key={each.sql}>
                <button type="button" onClick={() => onPick(each.sql)} title={each.sql}>
                  <code>{each.sql.replace(/\s+/g, ' ')}</code>
                  <span className="quiet">{ago(new Date(each.at), now)}</span>
                </button>
              </li>
            ))}
          </ul>
          <button type="button" className="button" onClick={forgetQueries}>Clear the history</button>
        </>
      )}
    </details>
  );
}
