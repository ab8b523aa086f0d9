import { type Edge, type FlowLayout, pace, ribbonPx } from './layout';

/** The ribbons between the stations: as wide as what flows, moving while it flows. */
export function River({ layout, rates, building }: { layout: FlowLayout; rates: number[]; building: boolean }) {
  const all = rates.reduce((sum, rate) => sum + rate, 0);
  const rateOf = (edge: Edge): number => {
    switch (edge.kind) {
      case 'stream': return edge.stream === undefined ? all : (rates[edge.stream] ?? 0);
      case 'batch': return building ? 10_000 : 0;
      case 'table': return 0;
      case 'batch-out': return 0;
      default: return all;
    }
  };
  return (
    <svg className="river" width={layout.width} height={layout.height} viewBox={`0 0 ${layout.width} ${layout.height}`} aria-hidden="true">
      {layout.edges.map((edge) => {
        const rate = rateOf(edge);
        const width = edge.kind === 'table' ? 1.5 : ribbonPx(edge.kind === 'batch-out' || edge.kind === 'batch' ? Math.max(rate, 100) : rate);
        return (
          <g key={edge.id} className={`ribbon ribbon-${edge.kind} ribbon-${pace(rate)}`}>
            <path className="ribbon-bed" d={edge.d} style={{ strokeWidth: width }} />
            {edge.kind !== 'table' && <path className="ribbon-flow" d={edge.d} style={{ strokeWidth: Math.max(1.5, width / 4) }} />}
          </g>
        );
      })}
    </svg>
  );
}
