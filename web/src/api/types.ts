// The documents of docs/api.md, as they come over the wire.

/** One entry a partition; exclusive (the next offset). */
export type Offsets = number[];
export type OffsetsByStream = Record<string, Offsets>;

export interface BuildRef {
  id: string;
  cutoff: OffsetsByStream;
  published_at: string;
  age_s: number;
}

export interface StreamStatus {
  name: string;
  partitions: number;
  durable_offsets: Offsets;
  applied_offsets: Offsets;
  archived_offsets: Offsets;
  cutoff_offsets: Offsets;
  events_per_s: number;
  lag_events: number;
  lag_ms: number | null;
  quarantined: number;
  log_bytes: number;
}

export interface TableStatus {
  name: string;
  version: number | null;
  pinned_version: number | null;
  rows: number | null;
  copied_at: string | null;
}

export interface SpeedStatus {
  ticks: number;
  tick_ms_p50: number | null;
  tick_ms_p99: number | null;
  slice_rows: number;
  compactions: number;
  replaying: boolean;
}

export interface RunningBuild {
  id: string;
  stage: string;
  done: number;
  total: number;
  started_at: string;
}

export interface Status {
  project: string;
  version: string;
  started_at: string;
  uptime_s: number;
  epoch: number;
  ready: boolean;
  changed_files: string[];
  faults: { of: string; message: string; hint: string | null }[];
  build: BuildRef | null;
  streams: StreamStatus[];
  tables: TableStatus[];
  speed: SpeedStatus | null;
  freshness_ms: { p50: number | null; p99: number | null } | null;
  running_build: RunningBuild | null;
  processes: ProcessState[];
  memory_bytes: number;
  storage: Storage | null;
}

/** A process of the server; pid null: none runs now. */
export interface ProcessState {
  kind: string;
  pid: number | null;
  memory_bytes: number;
  started_at: string | null;
  restarts: number;
  last_end: string | null;
}

/** What the data folder takes on the disk. */
export interface Storage {
  log_bytes: number;
  bronze_bytes: number;
  silver_bytes: number;
  gold_bytes: number;
  states_bytes: number;
  other_bytes: number;
  free_bytes: number;
}

export interface Column {
  name: string;
  type: string;
}

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type Row = Value[];

export interface Answer {
  columns: Column[];
  rows: Row[];
  build: string | null;
  offsets: OffsetsByStream;
  epoch?: number;
  elapsed_ms?: number;
}

export type VerifyResult = 'equal' | 'different' | 'failed';

export interface LastVerify {
  /** stale: of another definition than the view has now. */
  result: VerifyResult | 'stale';
  rows: number | null;
  at: string;
  offsets: OffsetsByStream;
}

export interface View {
  name: string;
  layer: 'silver' | 'gold' | string;
  class: string;
  maintained: boolean;
  description: string | null;
  columns: Column[];
  depends_on: string[];
  build_rows: number | null;
  slice_rows: number | null;
  errors: number;
  last_verify: LastVerify | null;
}

export interface Reason {
  clause: string;
  reason: string;
  line: number | null;
  column: number | null;
}

export interface Plan {
  rows: string;
  parts: { name: string; partial: string; merge: string }[];
  finalise: string;
}

export interface ViewDetail extends View {
  sql: string;
  file: string;
  reasons: Reason[];
  plan: Plan | null;
}

export interface ViewError {
  stream: string;
  partition: number;
  offset: number;
  message: string;
  raw: string | null;
}

export interface ViewErrors {
  view: string;
  total: number;
  errors: ViewError[];
}

export interface Build {
  id: string;
  state: 'running' | 'published' | 'failed' | 'abandoned' | string;
  reason: string | null;
  views: string[];
  cutoff: OffsetsByStream | null;
  started_at: string;
  finished_at: string | null;
  duration_ms: number | null;
  rows: number | null;
  peak_memory_bytes: number | null;
  error: string | null;
  warnings?: { view: string | null; message: string }[];
}

export interface Difference {
  columns: string[];
  expected: Row | null;
  actual: Row | null;
}

export interface Verdict {
  view: string;
  result: VerifyResult;
  rows: number | null;
  offsets: OffsetsByStream;
  elapsed_ms: number;
  note: string | null;
  differences: Difference[];
}

export interface QuarantineEntry {
  id: string;
  stream: string;
  partition: number;
  at_offset: number;
  index: number;
  received_at: string;
  reason: string;
  raw?: string;
  raw_base64?: string;
}

export interface QuarantinePage {
  total: number;
  next: string | null;
  entries: QuarantineEntry[];
}
