// Theme and copying. Loaded in the head without delay, so that a remembered theme applies before the first paint.
(function () {
  'use strict';
  var root = document.documentElement;
  var remembered = null;
  try { remembered = localStorage.getItem('theme'); } catch (e) { /* storage may be forbidden */ }
  if (remembered === 'dark' || remembered === 'light') root.dataset.theme = remembered;
  root.classList.add('js');

  function toggleTheme() {
    var dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try { localStorage.setItem('theme', root.dataset.theme); } catch (e) { /* then it lasts for this page */ }
  }

  function copy(button) {
    var code = button.parentElement.querySelector('code');
    navigator.clipboard.writeText(code.textContent).then(function () {
      button.textContent = 'Copied';
      setTimeout(function () { button.textContent = 'Copy'; }, 1500);
    });
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('button[data-act]');
    if (!button) return;
    if (button.dataset.act === 'theme') toggleTheme();
    if (button.dataset.act === 'copy') copy(button);
  });
})();
