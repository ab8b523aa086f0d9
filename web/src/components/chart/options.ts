// A chart as ECharts wants it. Labels stand beside what they name; bars start at zero.

import type { EChartsCoreOption } from 'echarts/core';
import { compact, decimal } from '../../format/number';
import type { Chart, Panel } from './choose';

export interface Palette {
  text: string;
  quiet: string;
  line: string;
  surface: string;
  series: string[];
  font: string;
}

const barPx = 26;
const linePx = 240;
const titlePx = 34;
/** Room for the figures of an axis: the same for all panels, so that their times stand below each other. */
const axisPx = 46;

export function chartHeight(chart: Chart): number {
  if (chart.kind === 'bar') return titlePx + chart.categories.length * barPx + 8;
  return chart.panels.length * linePx;
}

export function chartOptions(chart: Chart, palette: Palette, widthPx: number, animate: boolean): EChartsCoreOption {
  const parts = chart.kind === 'bar' ? barParts(chart, palette, widthPx) : lineParts(chart, palette, widthPx);
  return {
    ...parts,
    animation: animate,
    animationDuration: 300,
    animationDurationUpdate: 300,
    useUTC: true,
    color: palette.series,
    textStyle: { fontFamily: palette.font, color: palette.text },
    aria: { enabled: true },
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: chart.kind === 'bar' ? 'shadow' : 'line', shadowStyle: { color: palette.line, opacity: 0.35 }, label: { show: false } },
      backgroundColor: palette.surface,
      borderColor: palette.line,
      textStyle: { color: palette.text, fontSize: 12 },
      valueFormatter: (value: unknown) => (typeof value === 'number' ? decimal(value) : '–'),
    },
  };
}

function title(panel: Panel, left: number, top: number, palette: Palette) {
  return { text: panel.title, left, top, padding: 0, textStyle: { color: palette.text, fontSize: 12, fontWeight: 600, fontFamily: palette.font } };
}

function barParts(chart: Chart, palette: Palette, widthPx: number): EChartsCoreOption {
  const longest = Math.max(...chart.categories.map((name) => name.length), 3);
  const labels = Math.min(widthPx * 0.36, longest * 7.2 + 12);
  const gap = 20;
  const share = (widthPx - labels - gap * (chart.panels.length - 1)) / chart.panels.length;
  const left = (i: number) => labels + i * (share + gap);
  return {
    title: chart.panels.map((panel, i) => title(panel, left(i), 8, palette)),
    grid: chart.panels.map((_, i) => ({ left: left(i), width: Math.max(40, share - 64), top: titlePx, bottom: 8 })),
    xAxis: chart.panels.map((panel, i) => {
      const values = panel.series.flatMap((series) => series.values);
      const low = Math.min(0, ...values.map((value) => value ?? 0));
      return { type: 'value', gridIndex: i, show: false, min: low < 0 ? low * 1.25 : 0 };
    }),
    yAxis: chart.panels.map((_, i) => ({
      type: 'category',
      gridIndex: i,
      data: chart.categories,
      inverse: true,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: {
        show: i === 0, color: palette.text, fontSize: 12, width: labels - 10, overflow: 'truncate', interval: 0,
      },
    })),
    series: chart.panels.map((panel, i) => {
      const values = panel.series[0]?.values ?? [];
      const format = labelFormat(values);
      return {
        type: 'bar',
        name: panel.title,
        xAxisIndex: i,
        yAxisIndex: i,
        data: values.map((value) => (value !== null && value < 0 ? { value, label: { position: 'left' } } : value)),
        itemStyle: { color: palette.series[i % palette.series.length], borderRadius: 2 },
        barWidth: 14,
        label: {
          show: true, position: 'right', color: palette.text, fontSize: 11, distance: 5,
          formatter: (item: { value: unknown }) => (typeof item.value === 'number' ? format(item.value) : ''),
        },
      };
    }),
  };
}

function lineParts(chart: Chart, palette: Palette, widthPx: number): EChartsCoreOption {
  const names = chart.panels.flatMap((panel) => (panel.series.length > 1 ? panel.series.map((series) => series.name.length) : []));
  const right = names.length === 0 ? 24 : Math.min(widthPx * 0.3, Math.max(...names) * 7 + 24);
  let colour = 0;
  return {
    title: chart.panels.map((panel, i) => title(panel, 0, i * linePx + 8, palette)),
    grid: chart.panels.map((_, i) => ({ left: axisPx, right, top: i * linePx + 40, height: linePx - 72 })),
    xAxis: chart.panels.map((_, i) => ({
      type: chart.time ? 'time' : 'category',
      gridIndex: i,
      ...(chart.time ? {} : { data: chart.categories }),
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.quiet, fontSize: 11, hideOverlap: true },
      splitNumber: widthPx < 500 ? 3 : 8,
    })),
    yAxis: chart.panels.map((panel, i) => ({
      type: 'value',
      gridIndex: i,
      scale: farFromZero(panel),
      axisLabel: { color: palette.quiet, fontSize: 11, formatter: (value: number) => compact(value) },
      splitLine: { lineStyle: { color: palette.line, opacity: 0.6 } },
      splitNumber: 4,
    })),
    series: chart.panels.flatMap((panel, i) =>
      panel.series.map((series) => ({
        type: 'line',
        name: series.name,
        xAxisIndex: i,
        yAxisIndex: i,
        showSymbol: chart.categories.length <= 40,
        symbolSize: 5,
        sampling: 'lttb',
        color: palette.series[colour++ % palette.series.length],
        lineStyle: { width: 1.75 },
        emphasis: { focus: 'series' },
        endLabel: { show: panel.series.length > 1, formatter: '{a}', fontSize: 11, lineHeight: 15, color: 'inherit', distance: 6 },
        labelLayout: { moveOverlap: 'shiftY' },
        data: series.values.map((value, k) => (chart.time ? [chart.categories[k], value] : value)),
      })),
    ),
  };
}

/** A line may leave zero out when all its values are far from it; a bar may not. */
export function farFromZero(panel: Panel): boolean {
  const values = panel.series.flatMap((series) => series.values.filter((value): value is number => value !== null));
  if (values.length === 0) return false;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 ? low > high * 0.7 : high < 0 && high < low * 0.7;
}

/** One way of writing for all labels of a measure, so that their digits can be compared. */
export function labelFormat(values: (number | null)[]): (value: number) => string {
  const known = values.filter((value): value is number => value !== null);
  const top = Math.max(...known.map(Math.abs), 0);
  if (top >= 1e6) return compact;
  const digits = known.every(Number.isInteger) ? 0 : top < 1 ? 4 : top < 10 ? 3 : top < 1000 ? 2 : 0;
  const fixed = new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value) => fixed.format(value);
}
