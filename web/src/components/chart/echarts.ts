// Only the parts of ECharts that the page draws with. Loaded when the first chart is shown, never before.

import { BarChart, LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, TitleComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { CanvasRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, TitleComponent, TooltipComponent, AriaComponent, LabelLayout, CanvasRenderer]);

export { init };
