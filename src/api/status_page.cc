// The page at "/": what this validator sees, for a person. One file, no outside resource, light and dark.
#include "api/routes.h"

namespace tieline::api {

const char* status_page_html() {
  return R"page(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tieline</title><style>
:root{color-scheme:light dark;--line:light-dark(#d8dce2,#333a44);--soft:light-dark(#5b6572,#97a1ae);--good:light-dark(#1a7f4b,#4cc38a);--bad:light-dark(#b3261e,#ff8a80);--card:light-dark(#f6f7f9,#1b2027)}
*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:1.5rem;max-width:64rem;background:light-dark(#fff,#12161b);color:light-dark(#1b2027,#e6e9ee)}
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1.8rem 0 .5rem}header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap}
.soft{color:var(--soft)}.mono{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.7rem;margin-top:1rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}.card b{display:block;font-size:1.1rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line)}th{font-weight:600;color:var(--soft)}td,th{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.up{color:var(--good)}.down{color:var(--bad)}.scroll{overflow-x:auto}
</style></head><body>
<header><h1 id="name">Tieline</h1><span class="soft" id="link" role="status">connecting</span></header>
<div class="soft mono" id="chain"></div>
<div class="cards">
<div class="card">height<b id="height">-</b></div><div class="card">view<b id="view">-</b></div>
<div class="card">primary<b id="primary">-</b></div><div class="card">finality p50<b id="p50">-</b></div>
<div class="card">finality p99<b id="p99">-</b></div><div class="card">pending<b id="pending">-</b></div>
<div class="card">can lose<b id="lose">-</b></div></div>
<h2>Validators</h2><div class="scroll"><table><thead><tr><th>name</th><th>link</th><th class="n">height</th></tr></thead><tbody id="validators"></tbody></table></div>
<h2>Recent blocks</h2><div class="scroll"><table><thead><tr><th class="n">height</th><th>time</th><th class="n">transactions</th><th class="n">rounds</th><th>block</th></tr></thead><tbody id="blocks"></tbody></table></div>
<p class="soft"><a href="/v1/status">status</a> &middot; <a href="/metrics">metrics</a> &middot; <a href="/v1/openapi.json">OpenAPI</a></p>
<script>
"use strict";
const at=id=>document.getElementById(id),put=(id,v)=>{at(id).textContent=v??"-"};
const ms=v=>v>0?v.toFixed(v<10?1:0)+" ms":"-";
function cell(row,text,name){const td=row.insertCell();td.textContent=text??"-";if(name)td.className=name;return td}
function status(s){put("name",s.name);document.title=s.name+" - Tieline";put("chain",s.network+" "+s.engine+" "+s.chain_id);put("height",s.height);put("view",s.view);put("primary",s.primary);
put("p50",ms(s.finality_ms.p50));put("p99",ms(s.finality_ms.p99));put("pending",s.pending);put("lose",s.can_lose+" of "+s.validators.length);
const body=at("validators");body.replaceChildren();for(const v of s.validators){const row=body.insertRow();cell(row,v.name+(v.name===s.primary?" (primary)":""));cell(row,v.connected?"connected":"not connected",v.connected?"up":"down");cell(row,v.height,"n")}}
let newest=0;
function block(b){if(b.height<=newest)return;newest=b.height;put("height",b.height);const body=at("blocks"),row=body.insertRow(0);cell(row,b.height,"n");cell(row,new Date(b.time_ms).toISOString().slice(11,23));cell(row,b.transactions,"n");cell(row,b.proof?b.proof.rounds:"-","n");cell(row,b.block.slice(0,16),"mono");while(body.rows.length>20)body.deleteRow(20)}
async function poll(){try{status(await(await fetch("/v1/status")).json())}catch(e){put("link","no answer")}}
const events=new EventSource("/v1/events");
async function recent(){try{for(const b of(await(await fetch("/v1/blocks?limit=20")).json()).blocks)block(b)}catch(e){put("link","no answer")}}
events.onopen=()=>{put("link","live");recent()};events.onerror=()=>put("link","no connection, trying again");
events.addEventListener("status",e=>status(JSON.parse(e.data)));
let waiting=[],drawn=false;function draw(){drawn=false;for(const b of waiting.slice(-20))block(b);waiting=[]}
events.addEventListener("block",e=>{waiting.push(JSON.parse(e.data));if(!drawn){drawn=true;requestAnimationFrame(draw)}});
setInterval(poll,2000);
</script></body></html>
)page";
}

}  // namespace tieline::api
