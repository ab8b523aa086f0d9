import { useState } from 'react';
import type { QuarantineEntry } from '../../api/types';
import { CopyButton } from '../../components/copy-button';
import { TimeText } from '../../components/time-text';
import { bytes, count } from '../../format/number';

const shortRaw = 240;

/** One thing that could not become an event: why, where it would have stood, and its raw bytes. */
export function Entry({ entry }: { entry: QuarantineEntry }) {
  const [open, setOpen] = useState(false);
  const raw = entry.raw ?? entry.raw_base64 ?? '';
  const long = raw.length > shortRaw;
  const binary = entry.raw === undefined && entry.raw_base64 !== undefined;
  return (
    <li className="card entry" data-testid="quarantine-entry">
      <p className="entry-head">
        <b className="entry-reason">{entry.reason}</b>
        <span className="card-end"><CopyButton text={raw} label={binary ? 'Copy base64' : 'Copy raw'} quiet /></span>
      </p>
      <p className="quiet entry-facts">
        stream <b>{entry.stream}</b> · partition <span className="mono">{entry.partition}</span> · before offset <span className="mono">{count(entry.at_offset)}</span>
        {' · '}<TimeText at={entry.received_at} />
      </p>
      {binary && <p className="quiet">Not UTF-8: {bytes(Math.floor((raw.length * 3) / 4))}, shown in base64.</p>}
      <pre className="raw" role="group" tabIndex={0} aria-label="Raw input" data-testid="raw">{open || !long ? raw : `${raw.slice(0, shortRaw)}…`}</pre>
      {long && (
        <button type="button" className="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Show less' : `Show all ${count(raw.length)} characters`}
        </button>
      )}
    </li>
  );
}
