import type { ECharts } from 'echarts/core';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Column, Row } from '../../api/types';
import { download } from '../../state/download';
import { useWidth } from '../../state/size';
import { tokenColour } from '../../state/token';
import { Icon } from '../icon';
import { Canvas } from './canvas';
import { choices, chooseChart, maxSeries } from './choose';
import { farFromZero } from './options';

/** Padding and border of the frame, left and right. */
const framePx = 34;

interface Props {
  columns: Column[];
  rows: Row[];
  name: string;
  /** The measures that the reader chose; null: the preset. */
  measures: string[] | null;
  onMeasures: (measures: string[] | null) => void;
}

export function ChartView({ columns, rows, name, measures, onMeasures }: Props) {
  const [frame, width] = useWidth<HTMLElement>();
  const instance = useRef<ECharts | null>(null);
  const [ready, setReady] = useState(false);
  const choice = useMemo(() => choices(columns, width), [columns, width]);
  const wanted = useMemo(
    () => measures?.filter((measure) => choice.measures.includes(measure)) ?? choice.preset,
    [measures, choice],
  );
  const chart = useMemo(() => chooseChart(columns, rows, wanted), [columns, rows, wanted]);
  const onInstance = useCallback((made: ECharts | null) => {
    instance.current = made;
    setReady(made !== null);
  }, []);

  const toggle = (measure: string) => {
    const next = wanted.includes(measure) ? wanted.filter((each) => each !== measure) : [...wanted, measure];
    onMeasures(next.length === 0 ? null : choice.measures.filter((each) => next.includes(each)).slice(0, maxSeries));
  };
  const savePng = () => {
    const url = instance.current?.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: tokenColour('--surface') });
    if (url) download(`${name}.png`, pngBlob(url));
  };
  const cut = chart?.kind === 'line' && chart.panels.some(farFromZero);

  return (
    <figure ref={frame} className={chart === null ? 'chart chart-none' : 'chart'} data-testid="chart" data-kind={chart?.kind ?? 'none'} data-ready={ready || chart === null}>
      {chart !== null && width > 0 && (
        <>
          <div className="toolbar">
            {choice.measures.length > 1 && (
              <div className="measures" role="group" aria-label="Columns to draw">
                {choice.measures.map((measure) => (
                  <button key={measure} type="button" className="measure" aria-pressed={wanted.includes(measure)} onClick={() => toggle(measure)}>
                    {wanted.includes(measure) && <Icon name="check" />}
                    {measure}
                  </button>
                ))}
              </div>
            )}
            <span className="toolbar-end">
              <button type="button" className="button button-quiet" onClick={savePng} disabled={!ready} data-testid="export-png">
                <Icon name="download" />PNG
              </button>
            </span>
          </div>
          <Canvas
            chart={chart}
            width={width - framePx}
            label={`${chart.kind === 'bar' ? 'Bars' : 'Lines'} of ${wanted.join(', ')} by ${chart.category}; the table below holds the same numbers`}
            onInstance={onInstance}
          />
          {(chart.note || cut) && (
            <figcaption className="quiet">
              {chart.note}{cut && ' An axis does not start at zero.'}
            </figcaption>
          )}
        </>
      )}
    </figure>
  );
}

function pngBlob(dataUrl: string): Blob {
  const bytes = atob(dataUrl.slice(dataUrl.indexOf(',') + 1));
  return new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: 'image/png' });
}
