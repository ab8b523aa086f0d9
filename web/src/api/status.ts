import type { Offsets, Status } from './types';

/** A status document with every list present, so that a picture of it never has to ask. */
export function completeStatus(raw: Partial<Status>): Status {
  return {
    project: raw.project ?? '',
    version: raw.version ?? '',
    started_at: raw.started_at ?? '',
    uptime_s: raw.uptime_s ?? 0,
    epoch: raw.epoch ?? 0,
    ready: raw.ready ?? true,
    changed_files: raw.changed_files ?? [],
    faults: raw.faults ?? [],
    build: raw.build ?? null,
    streams: (raw.streams ?? []).map((stream) => ({
      ...stream,
      durable_offsets: stream.durable_offsets ?? [],
      applied_offsets: stream.applied_offsets ?? [],
      archived_offsets: stream.archived_offsets ?? [],
      cutoff_offsets: stream.cutoff_offsets ?? [],
      events_per_s: stream.events_per_s ?? 0,
      lag_events: stream.lag_events ?? 0,
      lag_ms: stream.lag_ms ?? null,
      quarantined: stream.quarantined ?? 0,
      log_bytes: stream.log_bytes ?? 0,
    })),
    tables: raw.tables ?? [],
    speed: raw.speed ?? null,
    freshness_ms: raw.freshness_ms ?? null,
    running_build: raw.running_build ?? null,
    processes: raw.processes ?? [],
    memory_bytes: raw.memory_bytes ?? 0,
    storage: raw.storage ?? null,
  };
}

/** Events of a stream over all its partitions: offsets are dense from 0, so the sum counts them. */
export function total(offsets: Offsets | undefined | null): number {
  return (offsets ?? []).reduce((sum, offset) => sum + (offset ?? 0), 0);
}

/** Changes when, and only when, a read could answer something else. */
export function readSignature(status: Status | null): string {
  if (status === null) return '';
  const applied = status.streams.map((stream) => stream.applied_offsets.join(',')).join(';');
  return `${status.epoch}|${status.build?.id ?? ''}|${applied}`;
}
