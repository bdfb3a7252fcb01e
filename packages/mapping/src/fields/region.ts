import { type CountryCode, getCountries, isSupportedCountry } from 'libphonenumber-js';

/** The ISO 3166 code of a country written as code or name: `FR`, `usa`, `Deutschland`, `Côte d'Ivoire`. */
export function regionOf(country: unknown): CountryCode | undefined {
  if (typeof country !== 'string') return undefined;
  const code = country.trim().toUpperCase();
  if (isSupportedCountry(code)) return code;
  names ??= allNames();
  return names.get(plain(country));
}

// Built on first use: most accounts only ever see E.164 numbers, which need no country.
let names: Map<string, CountryCode> | undefined;

/** The languages shops commonly write country names in. */
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt'];

/** Names in use that no locale lists, and those that changed between ICU releases: the answer must not depend on Node's version. */
const ALIASES: Readonly<Record<string, CountryCode>> = {
  usa: 'US',
  'u.s.': 'US',
  'u.s.a.': 'US',
  'united states of america': 'US',
  uk: 'GB',
  'great britain': 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  gbr: 'GB',
  deu: 'DE',
  fra: 'FR',
  holland: 'NL',
  'the netherlands': 'NL',
  'czech republic': 'CZ',
  czechia: 'CZ',
  turkey: 'TR',
  turkiye: 'TR',
  'russian federation': 'RU',
  'korea, republic of': 'KR',
  'republic of korea': 'KR',
  uae: 'AE',
  'hong kong': 'HK',
  macau: 'MO',
  'viet nam': 'VN',
  'republic of ireland': 'IE',
};

function allNames(): Map<string, CountryCode> {
  const found = new Map<string, CountryCode>();
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' });
    for (const code of getCountries()) {
      const name = display.of(code);
      if (name && !found.has(plain(name))) found.set(plain(name), code);
    }
  }
  for (const [name, code] of Object.entries(ALIASES)) found.set(plain(name), code);
  return found;
}

/** Without case, accents and punctuation. */
function plain(name: string): string {
  return name
    .slice(0, 100)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}]/gu, '');
}
