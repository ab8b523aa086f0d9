import type { ProcessState } from '../../api/types';
import { TimeText } from '../../components/time-text';
import { bytes } from '../../format/number';

const titles: Record<string, string> = {
  server: 'Takes events in and writes the logs; never runs SQL',
  engine: 'Plans, keeps views up to date, answers and builds; when it ends it is started again, and no event is lost',
};

/** The processes of the server, and whether one had to be started again. */
export function ProcessesCard({ processes }: { processes: ProcessState[] }) {
  if (processes.length === 0) return null;
  const total = processes.reduce((sum, process) => sum + process.memory_bytes, 0);
  return (
    <section className="card" data-testid="processes-card" aria-label="Processes">
      <header className="card-head">
        <h2>Processes</h2>
        <span className="quiet">{bytes(total)} of memory</span>
      </header>
      <ul className="lines">
        {processes.map((process) => (
          <li key={process.kind} className="process" title={titles[process.kind]}>
            <div className="process-line">
              <span className="mono">{process.kind}</span>
              <span className="process-run">
                {process.pid === null ? <span className="process-gone">being started again</span> : <>started <TimeText at={process.started_at} relative /></>}
              </span>
              <span className="mono disk-size">{bytes(process.memory_bytes)}</span>
            </div>
            {process.last_end !== null && (
              <p className="quiet process-end">started again {process.restarts === 1 ? 'once' : `${process.restarts} times`}; the last one {process.last_end}</p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
