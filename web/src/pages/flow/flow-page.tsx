import { PageHead } from '../../components/page-head';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { retryLive, useLive } from '../../state/live';
import { useTitle } from '../../state/title';
import { useViews } from '../../state/views';
import { Answers } from './answers';
import { DiskCard } from './disk-card';
import { Picture } from './picture';
import { ProcessesCard } from './processes-card';
import { ServerCard } from './server-card';
import { StreamCard } from './stream-card';
import { TablesCard } from './tables-card';
import { VerifyCard } from './verify-card';

export function FlowPage() {
  useTitle('Flow');
  const { status, rates, problem } = useLive();
  const { views, problem: viewsProblem, reload } = useViews();
  if (status === null) {
    return (
      <>
        <PageHead title="Flow" />
        {problem ? <ProblemView problem={problem} onRetry={retryLive} /> : <Skeleton rows={6} label="Waiting for the status" />}
      </>
    );
  }
  return (
    <>
      <PageHead title="Flow" lead={status.project} />
      <Answers status={status} views={views} />
      <section aria-label="The flow" className="card picture-card">
        <Picture status={status} rates={rates} views={views} />
      </section>
      <section aria-labelledby="streams-title">
        <div className="section-head">
          <h2 id="streams-title">Streams</h2>
          <ul className="legend" aria-label="Parts of a log">
            <li><span className="key key-cutoff" aria-hidden="true" />build, up to the cut-off</li>
            <li><span className="key key-applied" aria-hidden="true" />slices after it</li>
            <li><span className="key key-durable" aria-hidden="true" />lag</li>
            <li><span className="key key-archived" aria-hidden="true" />archived up to here</li>
          </ul>
        </div>
        {status.streams.length === 0 && (
          <StatePanel kind="empty" title="No stream yet">
            Describe one in <code>streams/name.yml</code>, then start the server again.
          </StatePanel>
        )}
        <div className="stack-list">
          {status.streams.map((stream) => <StreamCard key={stream.name} stream={stream} />)}
        </div>
      </section>
      <div className="columns">
        <div className="stack-list">
          <VerifyCard views={views} problem={viewsProblem} reload={reload} />
          <DiskCard storage={status.storage} />
          <ProcessesCard processes={status.processes} />
        </div>
        <div className="stack-list">
          <TablesCard tables={status.tables} />
          <ServerCard status={status} />
        </div>
      </div>
    </>
  );
}
