// Orders and revenue by day, counted by Klaviyo.
import { TajoClient } from '@tajo/sdk';
import { apiKey, baseUrl, brevoApiKey } from './settings.js';

const tajo = new TajoClient({ apiKey, brevoApiKey, baseUrl });

const { dates, rows } = await tajo.metrics.query({
  // Names repeat across integrations; then give the id.
  metric: process.env['METRIC'] ?? 'Placed Order',
  measurements: ['count', 'sum_value'],
  interval: 'day',
  from: '2026-01-01',
  to: '2026-01-08',
  timezone: 'Europe/Berlin',
});
for (const { measurements } of rows) {
  for (const [at, date] of dates.entries()) console.log(date, measurements['count']?.[at], measurements['sum_value']?.[at]);
}
