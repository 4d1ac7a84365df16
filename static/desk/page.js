// Pages of the desk without an editor: only the banner with what is under way.

import { Progress } from "./status.js";

new Progress({ becameReady: () => {} }).watch();
