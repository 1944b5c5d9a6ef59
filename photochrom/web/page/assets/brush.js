// A brush and an eraser: they record what a person covers, with a pointer or with the keys.
// Points are shares of the photograph's width and height; the radius is a share of its shorter side.
const SVG = "http://www.w3.org/2000/svg";
const MAX_POINTS = 1000;  // the most that the program takes

// `onPainted(points, radius)` gets what was painted.
function createBrush(stage, sizeInput, onPainted) {
  const canvas = stage.querySelector(".strokes");
  const live = document.createElementNS(SVG, "polyline");  // what is being painted
  const tip = document.createElementNS(SVG, "circle");  // where the brush is, and how large
  live.setAttribute("class", "live");
  tip.setAttribute("class", "tip");
  let width = 1, height = 1, points = null;

  const radius = () => Number(sizeInput.value) / 100;
  const shorterSide = () => Math.min(width, height);
  const isChosen = () => ["brush", "eraser"].includes(stage.dataset.mode);

  function drawLine(line, path, share) {
    // A line of no length is not drawn, so a point gets a very short one
    const all = path.length > 1 ? path : [path[0], { ...path[0], x: path[0].x + 1e-4 }];
    line.setAttribute("points", all.map(({ x, y }) => `${x * width},${y * height}`).join(" "));
    line.style.setProperty("--width", 2 * share * shorterSide());
  }

  function showTip({ x, y }) {
    tip.setAttribute("cx", x * width);
    tip.setAttribute("cy", y * height);
    tip.setAttribute("r", radius() * shorterSide());
  }

  function begin(point, color) {
    points = [point];
    live.style.setProperty("--color", color);
    canvas.append(live);
    drawLine(live, points, radius());
  }

  function move(point) {
    showTip(point);
    if (!points || points.length >= MAX_POINTS) return;
    const last = points[points.length - 1];
    const distance = Math.hypot((point.x - last.x) * width, (point.y - last.y) * height);
    if (distance < radius() * shorterSide() / 4) return;
    points.push(point);
    drawLine(live, points, radius());
  }

  function cancel() {
    points = null;
    live.remove();
  }

  function end() {
    if (!points) return;
    const path = points;
    points = null;  // the line stays until it is drawn as a mark, or cancelled
    onPainted(path, radius());
  }

  // Draws the strokes that the photograph has already.
  function draw(size, marks) {
    [width, height] = size;
    canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const lines = marks.filter((mark) => mark.radius).map((mark) => {
      const line = document.createElementNS(SVG, "polyline");
      line.style.setProperty("--color", mark.color);
      drawLine(line, mark.points.map(([x, y]) => ({ x, y })), mark.radius);
      return line;
    });
    canvas.replaceChildren(...lines, ...(points ? [live] : []), tip);
  }

  return { begin, move, end, cancel, draw, isChosen, isPainting: () => Boolean(points) };
}
