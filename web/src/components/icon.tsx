// One family of line icons, 16 px, drawn with the colour of the text around them.

const paths = {
  flow: 'M1.5 8h2.2c2.6 0 2-4 4.3-4s1.7 4 4.3 4h2.2M3.7 8c2.6 0 2 4 4.3 4s1.7-4 4.3-4',
  views: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6',
  sql: 'M3 4.5 6.5 8 3 11.5M8 12h5',
  builds: 'M2.5 11 8 13.5 13.5 11M2.5 8 8 10.5 13.5 8M8 2.5 2.5 5 8 7.5 13.5 5z',
  quarantine: 'M8 2.2 14 13H2zM8 6.5v3M8 11.2v.1',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13 9.6A5.5 5.5 0 1 1 6.4 3a4.4 4.4 0 0 0 6.6 6.6z',
  keys: 'M1.5 4h13v8h-13zM4 6.5h.1M6.7 6.5h.1M9.3 6.5h.1M12 6.5h.1M5 9.5h6',
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  warn: 'M8 2.2 14 13H2zM8 6.5v3M8 11.2v.1',
  dash: 'M4 8h8',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3l2 1.5',
  copy: 'M6 6h7.5v7.5H6zM3.5 10h-1V2.5H10v1',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  play: 'M5 3.2v9.6L12.5 8z',
  stop: 'M4 4h8v8H4z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  up: 'M8 13V3M4 7l4-4 4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  open: 'M6 3H3v10h10v-3M9 3h4v4M13 3 7.5 8.5',
  chevron: 'M6 3.5 10.5 8 6 12.5',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 3.5v9',
  chart: 'M2.5 13.5h11M4.5 11V8M8 11V4M11.5 11V6.5',
  verify: 'M8 1.8 13 3.6v4c0 3-2 5.2-5 6.6-3-1.4-5-3.6-5-6.6v-4zM5.6 8 7.4 9.8l3-3.4',
  log: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h7',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, label }: { name: IconName; label?: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path className="mark-batch" d="M2 12h3c4 0 3-6 7-6s3 6 7 6h3" />
      <path className="mark-speed" d="M5 12c4 0 3 6 7 6s3-6 7-6" />
    </svg>
  );
}
