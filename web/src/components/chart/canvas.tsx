import type { ECharts } from 'echarts/core';
import { useEffect, useRef, useState } from 'react';
import { useTheme } from '../../state/theme';
import { tokenColour } from '../../state/token';
import type { Chart } from './choose';
import { chartHeight, chartOptions, type Palette } from './options';

const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

interface Props {
  chart: Chart;
  width: number;
  label: string;
  onInstance: (instance: ECharts | null) => void;
}

/** Where ECharts draws; its code is asked for when the first of these appears. */
export function Canvas({ chart, width, label, onInstance }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef('');
  const [instance, setInstance] = useState<ECharts | null>(null);
  const [failed, setFailed] = useState(false);
  const { shown: theme } = useTheme();
  const height = chartHeight(chart);

  useEffect(() => {
    let gone = false;
    let made: ECharts | null = null;
    import('./echarts').then(
      ({ init }) => {
        if (gone || box.current === null) return;
        made = init(box.current, null, { renderer: 'canvas', width: 600, height: 300 });
        drawn.current = '';
        setInstance(made);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      made?.dispose();
      setInstance(null);
      onInstance(null);
    };
  }, [onInstance]);

  useEffect(() => {
    if (instance === null || instance.isDisposed() || width <= 0) return;
    if (instance.getWidth() !== width || instance.getHeight() !== height) instance.resize({ width, height });
    // The first drawing and a change of shape stand at once; new values move.
    const shape = `${width} ${height} ${theme} ${chart.kind} ${chart.panels.map((panel) => panel.title).join()}`;
    const same = drawn.current === shape;
    drawn.current = shape;
    instance.setOption(chartOptions(chart, palette(), width, same && !calm.matches), { notMerge: !same });
    onInstance(instance);
  }, [instance, chart, width, height, theme, onInstance]);

  return (
    <div className="chart-frame" style={{ height }}>
      <div ref={box} role="img" aria-label={label} style={{ height }} />
      {instance === null && (
        <span className="chart-wait">
          {failed ? 'The chart’s code could not be loaded; the table below holds the same numbers.' : 'Loading the chart'}
        </span>
      )}
    </div>
  );
}

/** The page's tokens, as they are now. */
function palette(): Palette {
  return {
    text: tokenColour('--text'),
    quiet: tokenColour('--text-2'),
    line: tokenColour('--line'),
    surface: tokenColour('--surface'),
    series: [1, 2, 3, 4, 5, 6, 7].map((n) => tokenColour(`--series-${n}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}
