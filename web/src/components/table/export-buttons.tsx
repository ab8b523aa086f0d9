import type { Column, Row } from '../../api/types';
import { toCsv, toJson } from '../../format/csv';
import { download } from '../../state/download';
import { Icon } from '../icon';

export function ExportButtons({ name, columns, rows }: { name: string; columns: Column[]; rows: () => Row[] }) {
  return (
    <>
      <button
        type="button"
        className="button button-quiet"
        onClick={() => download(`${name}.csv`, toCsv(columns, rows()), 'text/csv')}
        data-testid="export-csv"
      >
        <Icon name="download" />CSV
      </button>
      <button
        type="button"
        className="button button-quiet"
        onClick={() => download(`${name}.json`, toJson(columns, rows()), 'application/json')}
        data-testid="export-json"
      >
        <Icon name="download" />JSON
      </button>
    </>
  );
}
