import { type Setting, settings } from './schema.js';

/** `docs/configuration.md`, from the schema. A test keeps the committed page equal to it. */
export function configurationPage(): string {
  return `# Configuration

<!-- Generated from packages/config/src/schema.ts. To write it anew: UPDATE_DOCS=1 npx pnpm jest packages/config -->

A setting is taken from, the last one winning: its default, the YAML file, the environment, a flag of the command line. The file is the
one named by \`--config\`, else by \`TAJO_CONFIG\`, else \`tajo.yaml\` in the current folder when it is there. \`tajo config check\` validates
it and prints what is in effect, secrets hidden. A wrong value, an unknown key or a missing reference stops everything before it starts, with
one message that names each field, what is wrong and what would be right.

Any text in the file may be \`"\${NAME}"\` (or have it inside), which is replaced by the environment variable, or \`"file:/run/secrets/x"\`,
which is replaced by what the file holds; a relative path starts at the folder of the configuration. Environment variables may be
\`file:…\` too, and an empty one counts as not given. Keys marked *secret* are never printed or logged.

\`\`\`yaml
connectors:
  klaviyo:
    private_api_key: "\${KLAVIYO_PRIVATE_KEY}"
    public_api_key: "XXXXXX"
    lists: { all_contacts: 20, subscribers: 21, high_value: 22 }
brevo:
  api_key: "file:/run/secrets/brevo"
\`\`\`

## The installation

${table(({ path }) => !path.startsWith('brevo.') && !path.startsWith('connectors.'))}

## Brevo

${table(({ path }) => path.startsWith('brevo.'))}

## The connector

These stand under \`connectors.klaviyo\`.

${table(({ path }) => path.startsWith('connectors.klaviyo.'), 'connectors.klaviyo.')}

### Default mappings

\`\`\`yaml
${settings
  .filter(({ format, default: value }) => format.mapping && Object.keys(Object(value)).length > 0)
  .map(mappingLines)
  .join('\n')}
\`\`\`
`;
}

function table(of: (setting: Setting) => boolean, below = ''): string {
  const rows = settings.filter(of).map((setting) => {
    const key = `\`${setting.path.slice(below.length)}\`${setting.secret ? ' (secret)' : ''}`;
    const variable = setting.env === undefined ? '' : `\`${setting.env}\``;
    return `| ${[key, variable, shownDefault(setting), `${sentence(setting.format.says)}. ${setting.doc}`].join(' | ')} |`;
  });
  return ['| key | variable | default | value and meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function shownDefault({ default: value, format }: Setting): string {
  if (value === null) return '';
  if (!format.mapping) return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  return Object.keys(Object(value)).length === 0 ? '`{}`' : 'see below';
}

function mappingLines({ path, default: value }: Setting): string {
  const lines = Object.entries(Object(value)).map(([key, item]) => {
    const shown =
      typeof item !== 'object' || item === null
        ? String(item)
        : `{ ${Object.entries(Object(item))
            .map(([name, part]) => `${name}: ${String(part)}`)
            .join(', ')} }`;
    return `  ${key}: ${shown}`;
  });
  return [`${path.slice(path.lastIndexOf('.') + 1)}:`, ...lines].join('\n');
}

function sentence(says: string): string {
  return `${says.charAt(0).toUpperCase()}${says.slice(1)}`.replaceAll('|', '\\|');
}
