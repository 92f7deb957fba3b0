// Tones are made, not played from files. One press at the start of a shift lets the browser sound.
const TONES = { 1: [660, 830, 990], 2: [660, 830] };
let context = null;

function sound(notes) {
  notes.forEach((hertz, n) => {
    const at = context.currentTime + n * 0.18;
    const tone = context.createOscillator();
    const loud = context.createGain();
    tone.frequency.value = hertz;
    loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.16);
    tone.connect(loud).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.17);
  });
}

export function ring(level) {
  if (context && TONES[level]) sound(TONES[level]);
}

export function setUp(button) {
  if (!button || !window.AudioContext) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    context = new AudioContext();
    sound(TONES[2]);
    button.textContent = "提示音开";
    button.disabled = true;
  });
}
