// Tones are made, not played from files. One press at the start of a shift lets the browser sound.
// Level 1 sounds every 20 s and level 2 every 60 s until somebody has signed; a clock that runs out sounds once, low.
const TONES = { 1: [660, 830, 990], 2: [660, 830], 3: [660], late: [330] };
const EVERY = { 1: 20000, 2: 60000 };
const last = { 1: 0, 2: 0 };
let context = null;
let late = -1;

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
  if (!context || !TONES[level]) return;
  last[level] = Date.now();
  sound(TONES[level]);
}

function keep() {
  if (!context) return;
  for (const level of [1, 2]) {
    const waits = document.querySelector(`#queue .row[data-silent][data-level="${level}"]`);
    if (waits && Date.now() - last[level] >= EVERY[level]) { ring(level); break; }
  }
  const now = document.querySelectorAll("#queue .clock--late").length;
  if (late >= 0 && now > late) sound(TONES.late);
  late = now;
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
  setInterval(keep, 1000);
}
