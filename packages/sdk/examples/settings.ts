/** The keys and the address of the API, from the environment; all other examples import them from here. */
export const apiKey = required('TAJO_API_KEY');
export const brevoApiKey = required('BREVO_API_KEY');
/** Where the API listens; undefined is `http://127.0.0.1:3000`. */
export const baseUrl = process.env['TAJO_URL'];

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}.`);
  return value;
}
