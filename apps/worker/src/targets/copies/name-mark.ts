/** A tag would be the place for it, but plans without tags refuse the whole campaign (activepieces/activepieces#15599). */
const MARK = /\[klaviyo:([^\]]+)\]$/;

export function markedName(name: string, sourceId: string): string {
  return `${name} [klaviyo:${sourceId}]`;
}

/** The message that a campaign of this name was made of, if it was made here. */
export function sourceIdInName(name: string): string | undefined {
  return MARK.exec(name)?.[1];
}
