/** Lines of a CSV file (RFC 4180), each with its own end. */
export function csv(rows: readonly (readonly (string | number)[])[]): string[] {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`);
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  // A spreadsheet would carry out a text that looks like a formula (https://owasp.org/www-community/attacks/CSV_Injection).
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
