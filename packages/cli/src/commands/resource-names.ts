import { InvalidArgumentError } from 'commander';

/** The value of `--resources`: names separated by commas. The API knows which there are. */
export function resourceNames(value: string): string[] {
  const list = value
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (list.length === 0) throw new InvalidArgumentError('Name at least one resource, e.g. profiles.');
  return list;
}
