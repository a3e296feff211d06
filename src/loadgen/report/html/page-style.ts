/** How the page of a load looks: light or dark as the reader has it, one column on a telephone, and light on paper. */

const LIGHT = `
--page:#f6f6f3;--card:#fff;--edge:#e4e3de;--ink:#1d2023;--soft:#545b62;--faint:#6c737a;--grid:#ebeae6;--band:#0000000a;
--blue:#2563c9;--teal:#0b8f7c;--violet:#8246c9;--amber:#c97a00;--red:#cc2f45;--grey:#7b828a;
--good:#0b7a5c;--bad:#c22038;--bad-soft:#fdecee;--warn-soft:#fdf3e0;--warn:#8a5a00;`;

const DARK = `
--page:#101315;--card:#181c1f;--edge:#282d32;--ink:#e9ebed;--soft:#a3abb3;--faint:#8b949d;--grid:#262b30;--band:#ffffff0b;
--blue:#6ea6ff;--teal:#3ecab3;--violet:#bb8dff;--amber:#f2b34a;--red:#ff6f80;--grey:#8e979f;
--good:#43cfa0;--bad:#ff7585;--bad-soft:#3a1c22;--warn-soft:#33290f;--warn:#f0c06a;`;

export const PAGE_STYLE = `
:root{${LIGHT}color-scheme:light}
@media screen and (prefers-color-scheme:dark){:root{${DARK}color-scheme:dark}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1240px;margin:0 auto;padding:40px 24px 64px}
h1,h2,p,ul,dl,dd,figure{margin:0;padding:0}
ul{list-style:none}
.brand{font-weight:600;letter-spacing:.02em;color:var(--soft)}
h1{font-size:52px;line-height:1.1;letter-spacing:-.025em;font-weight:700;margin:2px 0 14px}
.good{color:var(--good)}.bad{color:var(--bad)}.cut{color:var(--warn)}
.words{display:flex;flex-wrap:wrap;gap:6px}
.words li{padding:2px 11px;border:1px solid var(--edge);border-radius:99px;background:var(--card);font-size:13.5px}
.where{margin-top:12px;color:var(--soft);font-size:13.5px;overflow-wrap:anywhere}
.where time{margin-left:10px}
.alarm{margin-top:28px;padding:22px 26px;border-radius:14px;background:var(--bad);color:var(--card)}
.alarm h2{font-size:28px;color:inherit;letter-spacing:.01em}
.alarm p{margin-top:6px;overflow-wrap:anywhere;font-size:14px}
.verdict,.warnings{margin-top:24px;border-radius:14px;background:var(--card);border:1px solid var(--edge);padding:14px 22px}
.verdict li,.warnings li{padding:3px 0 3px 26px;position:relative;color:var(--ink)}
.verdict li::before,.warnings li::before{position:absolute;left:0;font-weight:700}
.verdict .good::before{content:"✓";color:var(--good)}.verdict .bad::before{content:"✗";color:var(--bad)}
.warnings{background:var(--warn-soft);border-color:transparent}
.warnings li::before{content:"!";left:5px;color:var(--warn)}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(155px,1fr));gap:14px;margin:28px 0 20px}
.tile{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:14px 18px 13px}
.tile dt{font-size:13px;color:var(--soft);white-space:nowrap}
.tile dd{font-size:27px;line-height:1.25;font-weight:650;letter-spacing:-.015em;font-variant-numeric:tabular-nums;color:var(--ink);white-space:nowrap}
.tile dd.note{font-size:13px;font-weight:400;letter-spacing:0;color:var(--faint);line-height:1.4;white-space:normal}
.tile.bad dd:not(.note){color:var(--bad)}
.card{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:20px 24px 22px;margin-bottom:20px;min-width:0}
.card h2{font-size:17px;line-height:1.3;font-weight:650;letter-spacing:-.005em}
.card h2:not(:first-child){margin-top:26px}
.card h2+p,figcaption p{color:var(--soft);font-size:13.5px;max-width:75ch}
.pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 20px}
.pair>.card,.pair>div>.card:last-child{height:calc(100% - 20px)}
.pair>div{display:flex;flex-direction:column}.pair>div>.card:last-child{flex:1;height:auto}
.groups{columns:2;column-gap:48px}.groups>div{break-inside:avoid;padding-bottom:22px}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;margin:12px 0 0;font-size:13px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}
.plot{padding-left:0}
.chart{display:block;width:calc(100% - 58px);margin-left:58px;overflow:visible;margin-top:6px}
.grid{stroke:var(--grid);stroke-width:1;shape-rendering:crispEdges}
.tick-mark{stroke:var(--faint);shape-rendering:crispEdges}
.tick,.axis-name,.band-label,.nothing{font-size:12px;fill:var(--faint);font-variant-numeric:tabular-nums}
.band{fill:var(--band)}
.stroke{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.stroke.thin{stroke-width:1.25;stroke-opacity:.85}
.stroke.dashed{stroke-dasharray:1 5;stroke-width:2.25}
.stroke.area{stroke-width:1.25;stroke-opacity:.7}
.stroke.key-area{stroke-width:9;stroke-opacity:.3;stroke-linecap:butt}
.fill{opacity:.14}
${(['blue', 'teal', 'violet', 'amber', 'red', 'grey'] as const).map((colour) => `.stroke.${colour}{stroke:var(--${colour})}.fill.${colour}{fill:var(--${colour})}`).join('\n')}
.spot rect{fill:transparent}
.readout{visibility:hidden;pointer-events:none}
.spot:hover .readout{visibility:visible}
.readout line{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}
.readout text{font-size:12.5px;fill:var(--ink);font-variant-numeric:tabular-nums;white-space:pre}
details{margin-top:14px}
summary{cursor:pointer;color:var(--soft);font-size:13.5px}
details .wide{max-height:340px;overflow:auto}
.wide{overflow-x:auto;margin:0 -24px;padding:0 24px}
table{border-collapse:collapse;width:100%;margin-top:10px;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:6px 0 6px 18px;text-align:right;white-space:nowrap;font-weight:400}
th:first-child{text-align:left;padding-left:0}
tbody th:first-child{white-space:normal;overflow-wrap:anywhere;min-width:9em}
th:first-child{position:sticky;left:0;background:var(--card);z-index:1}
th:first-child::before{content:"";position:absolute;left:-24px;width:24px;top:0;bottom:0;background:var(--card)}
thead th{color:var(--soft);font-size:12.5px;vertical-align:bottom}
tbody tr{border-top:1px solid var(--grid)}
td.zero{color:var(--faint)}
.callers th:first-child{min-width:8.5em}
.callers .drawn{width:38%;min-width:200px;text-align:left;padding:0 0 0 22px}
.callers .drawn.share{width:20%;min-width:150px}
.callers td.share{display:table-cell}
.callers td svg{display:block}
.callers td.share svg{display:inline-block;width:calc(100% - 74px);vertical-align:middle}
.callers .amount{display:inline-block;width:70px;text-align:right}
.callers thead .drawn{padding-bottom:4px}
.callers thead .axis{display:block;margin-top:4px}
.note{color:var(--faint)}
.reach{stroke:var(--blue);stroke-width:1.5;stroke-opacity:.45}
.range{stroke:var(--blue);stroke-width:6;stroke-opacity:.4;stroke-linecap:round}
.middle{fill:var(--blue)}
.longest{fill:var(--card);stroke:var(--blue);stroke-width:1.5}
.rail{fill:var(--grid)}.had{fill:var(--teal)}.asked{stroke:var(--ink);stroke-width:1.5}
tr.gap td{text-align:center;color:var(--faint)}
@media(max-width:1100px){.axis .minor{display:none}}
@media(max-width:900px){.pair{grid-template-columns:minmax(0,1fr)}.pair>.card{height:auto}.groups{columns:1}}
@media(max-width:560px){main{padding:24px 14px 40px}h1{font-size:40px}.card{padding:16px 16px 18px}.wide{margin:0 -16px;padding:0 16px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}.tile{padding:11px 14px}.tile dd{font-size:22px}.tile dt,.tile dd.note{font-size:12px}}
@media print{.axis .minor{display:none}body{background:#fff;font-size:12px}main{max-width:none;padding:0}.card,.tile,.words li,.verdict,.warnings{break-inside:avoid;border-color:#ccc}.wide{overflow:visible}details{display:none}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;
