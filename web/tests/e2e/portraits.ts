/** People to make figures of, drawn for the purpose. */

/** A bust that ends at the picture's lower border, in front of a sky. */
export const bust = {
  width: 800,
  height: 1000,
  svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 1000">
<defs><linearGradient id="bg" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#cfe3f2"/><stop offset="1" stop-color="#eef4ec"/></linearGradient>
<linearGradient id="hair" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#6b3f23"/><stop offset="1" stop-color="#3c2011"/></linearGradient>
<radialGradient id="skin" cx=".5" cy=".45" r=".6"><stop offset="0" stop-color="#ffe3cf"/><stop offset="1" stop-color="#f0b898"/></radialGradient></defs>
<rect width="800" height="1000" fill="url(#bg)"/>
<path d="M170 420 Q150 120 400 110 Q650 120 630 420 Q670 700 600 800 L200 800 Q130 700 170 420Z" fill="url(#hair)" stroke="#2a150b" stroke-width="5"/>
<path d="M60 1000 Q90 780 300 740 L500 740 Q710 780 740 1000Z" fill="#5b2c4f" stroke="#2a150b" stroke-width="5"/>
<path d="M330 640 L330 760 Q400 840 470 760 L470 640Z" fill="#eab394" stroke="#a0684c" stroke-width="3"/>
<path d="M300 740 L400 900 L500 740 L540 770 L400 1000 L260 770Z" fill="#fafafa" stroke="#555" stroke-width="4"/>
<path d="M380 830 L420 830 L440 1000 L360 1000Z" fill="#b3262e" stroke="#5d1015" stroke-width="4"/>
<ellipse cx="400" cy="460" rx="185" ry="225" fill="url(#skin)" stroke="#a0684c" stroke-width="4"/>
<path d="M205 420 Q230 220 400 215 Q570 220 595 420 Q560 330 470 300 Q440 380 330 330 Q240 350 205 420Z" fill="url(#hair)" stroke="#2a150b" stroke-width="5"/>
<g stroke="#2a150b" stroke-width="6" fill="none"><path d="M270 395 Q315 370 355 395"/><path d="M445 395 Q485 370 530 395"/></g>
<g fill="#fff" stroke="#2a150b" stroke-width="5"><ellipse cx="315" cy="455" rx="40" ry="34"/><ellipse cx="485" cy="455" rx="40" ry="34"/></g>
<g fill="#6d4a22"><circle cx="317" cy="457" r="25"/><circle cx="483" cy="457" r="25"/></g><circle cx="317" cy="457" r="12"/><circle cx="483" cy="457" r="12"/>
<g fill="#fff"><circle cx="325" cy="447" r="8"/><circle cx="491" cy="447" r="8"/></g>
<path d="M398 480 Q380 540 395 552 Q410 556 418 548" stroke="#a0684c" stroke-width="5" fill="none"/>
<path d="M345 605 Q400 645 455 605" stroke="#a83b3b" stroke-width="8" fill="none"/>
</svg>`,
};

/** A whole figure with thin arms, in front of nothing. */
export const child = {
  width: 700,
  height: 1100,
  svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 1100">
<g stroke="#232323" stroke-width="6" stroke-linejoin="round">
<path d="M260 860 L250 1030 Q250 1060 300 1060 L335 1060 L335 860Z" fill="#33425f"/>
<path d="M440 860 L450 1030 Q450 1060 400 1060 L365 1060 L365 860Z" fill="#33425f"/>
<path d="M240 1020 Q180 1050 200 1075 L330 1075 L330 1030Z" fill="#e9e4dc"/><path d="M460 1020 Q520 1050 500 1075 L370 1075 L370 1030Z" fill="#e9e4dc"/>
<path d="M225 600 L150 760 Q130 800 165 815 Q190 820 205 790 L270 680Z" fill="#ffd45e"/>
<path d="M475 600 L590 520 Q620 500 640 525 Q655 550 620 575 L470 700Z" fill="#ffd45e"/>
<circle cx="160" cy="812" r="32" fill="#ffdcc4"/><circle cx="640" cy="520" r="32" fill="#ffdcc4"/>
<path d="M220 590 Q350 540 480 590 L500 880 Q350 930 200 880Z" fill="#ffd45e"/><path d="M350 560 L350 900" stroke-width="4"/>
<circle cx="350" cy="330" r="245" fill="#ffdcc4"/>
<path d="M105 350 Q80 60 350 60 Q620 60 595 350 Q560 240 480 200 Q420 270 300 235 Q180 230 105 350Z" fill="#29b3a6"/>
<path d="M350 65 Q330 0 400 5 Q370 30 385 70Z" fill="#29b3a6"/>
<ellipse cx="255" cy="370" rx="38" ry="52" fill="#fff"/><ellipse cx="445" cy="370" rx="38" ry="52" fill="#fff"/>
<ellipse cx="260" cy="380" rx="24" ry="36" fill="#1f4d7a"/><ellipse cx="440" cy="380" rx="24" ry="36" fill="#1f4d7a"/>
</g><circle cx="268" cy="362" r="10" fill="#fff"/><circle cx="448" cy="362" r="10" fill="#fff"/>
<path d="M300 480 Q350 530 400 480Z" fill="#c0392b" stroke="#232323" stroke-width="5"/>
</svg>`,
};
