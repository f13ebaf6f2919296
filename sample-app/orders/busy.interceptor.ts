import type { ServerResponse } from 'node:http';
import {
  Injectable,
  ServiceUnavailableException,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { RocketMQError } from 'nestjs-rocketmq';
import { catchError, type Observable } from 'rxjs';

/** Tells customers to come again when an order cannot be stored at the moment, as when the disk is behind. */
@Injectable()
export class BusyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (!(error instanceof RocketMQError) || !error.retryable) throw error;
        context.switchToHttp().getResponse<ServerResponse>().setHeader('Retry-After', '1');
        throw new ServiceUnavailableException('The shop is busy: try again in a moment');
      }),
    );
  }
}
