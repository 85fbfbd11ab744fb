// The buttons that copy what stands beside them. Without this script they stay hidden.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const says = button.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = says; }, 3000);
  });
}
