// Where everything stands in the picture of the flow, in px. Pure, so that it can be checked without a screen.

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export type EdgeKind = 'stream' | 'table' | 'batch' | 'speed' | 'batch-out' | 'speed-out' | 'exit';

export interface Edge {
  id: string;
  kind: EdgeKind;
  d: string;
  /** The stream whose rate it carries; absent: all of them. */
  stream?: number;
}

export interface FlowLayout {
  wide: boolean;
  width: number;
  height: number;
  streams: Box[];
  tables: Box | null;
  log: Box;
  batch: Box;
  speed: Box;
  merge: Box;
  exits: Box;
  edges: Edge[];
}

export const wideFromPx = 840;
export const maxStreams = 5;

const streamH = 78;
const tableH = 80;
const armH = 134;
const stationH = 134;
const gap = 14;

export function layOut(width: number, streamCount: number, hasTables: boolean): FlowLayout {
  return width >= wideFromPx ? wideLayout(width, streamCount, hasTables) : tallLayout(width, streamCount, hasTables);
}

function wideLayout(width: number, streamCount: number, hasTables: boolean): FlowLayout {
  const between = Math.max(26, width * 0.036);
  const usable = width - 4 * between;
  const shares = { streams: 0.215, log: 0.18, arms: 0.265, merge: 0.205, exits: 0.135 };
  const w = {
    streams: Math.floor(usable * shares.streams),
    log: Math.floor(usable * shares.log),
    arms: Math.floor(usable * shares.arms),
    merge: Math.floor(usable * shares.merge),
    exits: Math.floor(usable * shares.exits),
  };
  const streamsH = streamCount * streamH + Math.max(0, streamCount - 1) * gap;
  const armsH = 2 * armH + 40;
  const tablesH = hasTables ? tableH + gap * 2 : 0;
  const height = Math.max(armsH, streamsH + tablesH);
  const middle = height / 2;

  let x = 0;
  // Streams stand in the middle as long as the tables below leave room for that.
  const streamsTop = Math.min(middle - streamsH / 2, height - tablesH - streamsH);
  const streams = Array.from({ length: streamCount }, (_, i) => ({ x, y: streamsTop + i * (streamH + gap), w: w.streams, h: streamH }));
  const tables = hasTables ? { x, y: height - tableH, w: w.streams, h: tableH } : null;
  x += w.streams + between;
  const log = { x, y: middle - stationH / 2, w: w.log, h: stationH };
  x += w.log + between;
  const batch = { x, y: middle - armsH / 2, w: w.arms, h: armH };
  const speed = { x, y: middle + armsH / 2 - armH, w: w.arms, h: armH };
  x += w.arms + between;
  const merge = { x, y: middle - stationH / 2, w: w.merge, h: stationH };
  x += w.merge + between;
  const exits = { x, y: middle - 75, w: w.exits, h: 150 };

  const edges: Edge[] = [
    ...streams.map((box, i) => ({
      id: `stream-${i}`, kind: 'stream' as const, stream: i,
      d: across(right(box), { x: log.x, y: spread(log, i, streams.length) }),
    })),
    { id: 'batch', kind: 'batch', d: across({ x: log.x + log.w, y: middle - 22 }, left(batch)) },
    { id: 'speed', kind: 'speed', d: across({ x: log.x + log.w, y: middle + 22 }, left(speed)) },
    { id: 'batch-out', kind: 'batch-out', d: across(right(batch), { x: merge.x, y: middle - 22 }) },
    { id: 'speed-out', kind: 'speed-out', d: across(right(speed), { x: merge.x, y: middle + 22 }) },
    { id: 'exit', kind: 'exit', d: across(right(merge), left(exits)) },
  ];
  if (tables !== null) {
    const turn = batch.x - between * 0.55;
    const y = Math.max(tables.y + tables.h / 2, log.y + log.h + 14);
    const start = `M${tables.x + tables.w} ${tables.y + tables.h / 2}`;
    const to = (target: number) => `${start} C${tables.x + tables.w + between} ${y} ${turn - between * 2} ${y} ${turn - 12} ${y}`
      + ` Q${turn} ${y} ${turn} ${y + Math.sign(target - y) * 12} V${target - Math.sign(target - y) * 12}`
      + ` Q${turn} ${target} ${turn + 12} ${target} H${batch.x}`;
    edges.push({ id: 'table-batch', kind: 'table', d: to(batch.y + batch.h - 26) });
    edges.push({ id: 'table-speed', kind: 'table', d: to(speed.y + speed.h - 26) });
  }
  return { wide: true, width, height, streams, tables, log, batch, speed, merge, exits, edges };
}

function tallLayout(width: number, streamCount: number, hasTables: boolean): FlowLayout {
  const between = 34;
  const half = Math.floor((width - 12) / 2);
  let y = 0;
  const streams = Array.from({ length: streamCount }, () => {
    const box = { x: 0, y, w: width, h: streamH };
    y += streamH + 10;
    return box;
  });
  y += between - 10;
  const log = { x: 0, y, w: width, h: stationH };
  y += log.h + between;
  const batch = { x: 0, y, w: half, h: armH };
  const speed = { x: width - half, y, w: half, h: armH };
  y += batch.h;
  let tables: Box | null = null;
  y += between;
  const merge = { x: 0, y, w: width, h: stationH };
  y += merge.h + between;
  const exits = { x: 0, y, w: width, h: 82 };
  y += exits.h;
  if (hasTables) {
    y += 14;
    tables = { x: 0, y, w: width, h: tableH };
    y += tableH;
  }
  const [a, b] = [half / 2, width - half / 2];
  const lastStream = streams[streams.length - 1];
  const edges: Edge[] = [
    ...(lastStream ? [{ id: 'stream-0', kind: 'stream' as const, d: `M${width / 2} ${lastStream.y + streamH}V${log.y}` }] : []),
    { id: 'batch', kind: 'batch', d: down({ x: width / 2 - 20, y: log.y + log.h }, { x: a, y: batch.y }) },
    { id: 'speed', kind: 'speed', d: down({ x: width / 2 + 20, y: log.y + log.h }, { x: b, y: speed.y }) },
    { id: 'batch-out', kind: 'batch-out', d: down({ x: a, y: batch.y + batch.h }, { x: width / 2 - 20, y: merge.y }) },
    { id: 'speed-out', kind: 'speed-out', d: down({ x: b, y: speed.y + speed.h }, { x: width / 2 + 20, y: merge.y }) },
    { id: 'exit', kind: 'exit', d: `M${width / 2} ${merge.y + merge.h}V${exits.y}` },
  ];
  return { wide: false, width, height: y, streams, tables, log, batch, speed, merge, exits, edges };
}

interface Point {
  x: number;
  y: number;
}

const right = (box: Box): Point => ({ x: box.x + box.w, y: box.y + box.h / 2 });
const left = (box: Box): Point => ({ x: box.x, y: box.y + box.h / 2 });

/** Ends of several ribbons share a side without crossing. */
function spread(box: Box, i: number, of: number): number {
  const room = Math.min(box.h - 40, (of - 1) * 30);
  return box.y + box.h / 2 + (of > 1 ? (i / (of - 1) - 0.5) * room : 0);
}

function across(from: Point, to: Point): string {
  const bend = (to.x - from.x) / 2;
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

function down(from: Point, to: Point): string {
  const bend = (to.y - from.y) / 2;
  return `M${from.x} ${from.y}C${from.x} ${from.y + bend} ${to.x} ${to.y - bend} ${to.x} ${to.y}`;
}

/** How wide a ribbon is drawn: it grows with the logarithm, so that 10 and 100,000 events a second both show. */
export function ribbonPx(eventsPerS: number): number {
  return Math.min(18, 5 + Math.log10(1 + Math.max(0, eventsPerS)) * 2.4);
}

export function pace(eventsPerS: number): 'still' | 'slow' | 'steady' | 'fast' {
  if (eventsPerS <= 0.05) return 'still';
  if (eventsPerS < 50) return 'slow';
  return eventsPerS < 5000 ? 'steady' : 'fast';
}
