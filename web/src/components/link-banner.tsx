import type { Status } from '../api/types';
import { duration } from '../format/number';
import { useNow } from '../state/clock';
import { retryLive, useLive } from '../state/live';
import { CopyButton } from './copy-button';
import { Icon } from './icon';

/** Says so when what the page shows is old, when the server is not ready, or when what runs is older than the files. */
export function LinkBanner() {
  const { link, at, status } = useLive();
  const now = useNow();
  if (link === 'stale' && at !== null) {
    return (
      <div className="banner banner-stale" data-testid="stale-banner">
        <Icon name="clock" />
        <p>
          <b role="status">Stale.</b> Last answer {duration((now - at) / 1000)} ago. The server does not answer; trying again every 2 s.
        </p>
        <code>anabranch up</code>
        <CopyButton text="anabranch up" quiet />
        <button type="button" className="button" onClick={retryLive}>Try now</button>
      </div>
    );
  }
  if (status !== null && !status.ready) {
    return (
      <div className="banner" data-testid="replay-banner">
        <Icon name="clock" />
        <p><b role="status">Not ready.</b> {status.speed?.replaying ? 'The log is replayed; answers come once it has caught up.' : 'The server is starting.'}</p>
      </div>
    );
  }
  if (status === null) return null;
  return (
    <>
      {status.faults.length > 0 && <Faults faults={status.faults} />}
      {status.changed_files.length > 0 && <ChangedFiles files={status.changed_files} />}
    </>
  );
}

/** What the server came up without; everything else is answered. */
function Faults({ faults }: { faults: Status['faults'] }) {
  const [first, ...others] = faults;
  if (first === undefined) return null;
  return (
    <div className="banner banner-fault" data-testid="fault-banner">
      <Icon name="warn" />
      <p>
        <b role="status">{first.of}:</b> {first.message}
        {first.hint !== null && ` (${first.hint})`}
        {others.length > 0 && <span title={others.map((fault) => `${fault.of}: ${fault.message}`).join('\n')}>; and {others.length} more</span>}
      </p>
      <code>anabranch status</code>
      <CopyButton text="anabranch status" quiet />
    </div>
  );
}

function ChangedFiles({ files }: { files: string[] }) {
  const [first, ...others] = files;
  return (
    <div className="banner" data-testid="changed-banner">
      <Icon name="clock" />
      <p>
        <b role="status">Changed files.</b> <span className="mono">{first}</span>
        {others.length > 0 && ` and ${others.length} more`} {others.length > 0 ? 'differ' : 'differs'} from what runs.
      </p>
      <code>anabranch apply</code>
      <CopyButton text="anabranch apply" quiet />
    </div>
  );
}
