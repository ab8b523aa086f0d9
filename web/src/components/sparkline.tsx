/** The last minute of a rate, a sample a second. Only a shape: the figure stands beside it. */
export function Sparkline({ values, width = 96, height = 24 }: { values: number[]; width?: number; height?: number }) {
  const slots = 60;
  const top = Math.max(...values, 1);
  const x = (i: number) => ((slots - values.length + i) / (slots - 1)) * width;
  const y = (value: number) => height - 2 - (value / top) * (height - 4);
  const line = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
  return (
    <svg className="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path className="sparkline-base" d={`M0 ${height - 1.5}H${width}`} />
      {line.length > 1 && (
        <>
          <path className="sparkline-fill" d={`M${x(0).toFixed(1)},${height - 2} L${line.join(' L')} L${width},${height - 2}Z`} />
          <path className="sparkline-line" d={`M${line.join(' L')}`} />
        </>
      )}
    </svg>
  );
}
