// The page that stands in for another goes back to that one once there is a connection.
const again = () => fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok && location.reload(), () => {});
addEventListener("online", again);
setInterval(again, 15000);
