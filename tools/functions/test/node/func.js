// As Fn's tutorial has it, with two requests more: {"fail": true} throws,
// {"log": "text"} writes to the log.
const fdk = require('@fnproject/fdk');

fdk.handle(function (input, ctx) {
  if (input && input.fail) throw new Error('failing as asked');
  if (input && input.log) console.error(input.log);
  const name = (input && input.name) || 'World';
  return { message: 'Hello ' + name, callID: ctx.callID };
});
