/** What shows figures, and all that it takes: half of this page's code, so it comes when it is needed. */
import { ModelViewerElement } from '@google/model-viewer';

// A model that is packed in one of these ways needs a decoder, which would be loaded from its maker's server. Ours are not, and the
// page's policy would refuse it: so such a model fails at once.
ModelViewerElement.dracoDecoderLocation = '/none/';
ModelViewerElement.ktx2TranscoderLocation = '/none/';

export interface ViewerTexts {
  /** What is seen, for who does not see it. */
  label: string;
  /** How it is turned. */
  turn: string;
}

/** An element that shows a model, once it is in the document. */
export function makeViewer(url: string, { label, turn }: ViewerTexts): ModelViewerElement {
  const viewer = new ModelViewerElement();
  viewer.alt = label;
  viewer.a11y = JSON.stringify({ 'interaction-prompt': turn, ...quietSides });
  viewer.cameraControls = true;
  viewer.disablePan = true;
  viewer.disableTap = true;
  viewer.touchAction = 'pan-y';
  viewer.interactionPrompt = 'none';
  viewer.loading = 'eager';
  viewer.cameraOrbit = '-12deg 82deg auto';
  viewer.shadowIntensity = 0.6;
  viewer.src = url;
  return viewer;
}

/** The viewer's own words for the side that is seen are English: the label says what there is to know. */
const quietSides = Object.fromEntries(
  ['upper-', '', 'lower-'].flatMap((height) => ['front', 'right', 'back', 'left'].map((side) => [`${height}${side}`, ''])),
);
