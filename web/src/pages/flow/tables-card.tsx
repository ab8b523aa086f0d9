import type { TableStatus } from '../../api/types';
import { Chip } from '../../components/chip';
import { StatePanel } from '../../components/state-panel';
import { TimeText } from '../../components/time-text';
import { counted } from '../../format/number';

/** Tables and the versions that every read uses until the next build of all views. */
export function TablesCard({ tables }: { tables: TableStatus[] }) {
  return (
    <section className="card" data-testid="tables-card" aria-label="Tables">
      <header className="card-head">
        <h2>Tables</h2>
        <span className="quiet">pinned until the next build of all views</span>
      </header>
      {tables.length === 0 ? (
        <StatePanel kind="empty" title="No table was copied" command="anabranch copy">
          Describe a source in <code>sources/</code>, then copy it.
        </StatePanel>
      ) : (
        <ul className="lines">
          {tables.map((table) => (
            <li key={table.name}>
              <span className="mono ellipsis">{table.name}</span>
              <span className="quiet lines-note">
                {table.copied_at ? <>{counted(table.rows ?? 0, 'row')} · <TimeText at={table.copied_at} relative /></> : 'never copied'}
              </span>
              <TableVersion table={table} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function TableVersion({ table }: { table: TableStatus }) {
  if (table.pinned_version === null) return <Chip tone="warn" icon="warn">not pinned</Chip>;
  if (table.pinned_version === table.version) return <Chip>{`version ${table.pinned_version}`}</Chip>;
  return (
    <Chip tone="info" icon="clock" title="The next build of all views pins the newer version">
      {`version ${table.pinned_version}, newer ${table.version}`}
    </Chip>
  );
}
