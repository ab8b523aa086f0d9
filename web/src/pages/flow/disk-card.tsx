import type { Storage } from '../../api/types';
import { bytes } from '../../format/number';

const parts: { key: keyof Storage; name: string; title: string }[] = [
  { key: 'log_bytes', name: 'log', title: 'Events as they came, until they are archived and retention.log_hours are over; quarantine' },
  { key: 'bronze_bytes', name: 'bronze', title: 'The archive of all events, and copied tables' },
  { key: 'silver_bytes', name: 'silver', title: 'Views as Delta tables, for other programs' },
  { key: 'gold_bytes', name: 'gold', title: 'Views as Delta tables, for other programs' },
  { key: 'states_bytes', name: 'states', title: 'What builds computed and what came after them: what reads use' },
  { key: 'other_bytes', name: 'other', title: 'Manifests, the catalogue, versions of the project' },
];

/** What the data folder takes on the disk. */
export function DiskCard({ storage }: { storage: Storage | null }) {
  if (storage === null) return null;
  const total = parts.reduce((sum, part) => sum + storage[part.key], 0);
  return (
    <section className="card" data-testid="disk-card" aria-label="Disk">
      <header className="card-head">
        <h2>Disk</h2>
        <span className="quiet">{bytes(total)}, {bytes(storage.free_bytes)} free</span>
      </header>
      <ul className="lines">
        {parts.map((part) => (
          <li key={part.key} className="disk-line" title={part.title}>
            <span className="mono">{part.name}</span>
            <span className="disk-bar" aria-hidden="true"><span style={{ width: `${total > 0 ? (100 * storage[part.key]) / total : 0}%` }} /></span>
            <span className="mono disk-size">{bytes(storage[part.key])}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
