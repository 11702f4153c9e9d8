@unionpay @host-control
Feature: The upload of what was paid by chip
  The issuer's proof that the card itself agreed: its last cryptogram, one message a payment.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SET-023
  Scenario: Where the totals agree each chip's payment follows with its transaction certificate
    Given Bob has paid 10.00 CNY at "T1"
    And Carol inserts her card for 20.00 CNY at "T1"
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And these messages went over the wire
      | from | message           | trace | F39 | F60.3 |
      | T1   | settlement        | 4     |     | 201   |
      | host | settlement answer | 4     | 00  | 201   |
      | T1   | tc-upload         | 3     |     | 203   |
      | host | tc-upload answer  | 3     | 00  | 203   |
      | T1   | upload-end        | 6     |     | 207   |
      | host | upload-end answer | 6     | 00  | 207   |
      | T1   | sign-out          | 7     |     | 002   |
      | host | sign-out answer   | 7     | 00  | 002   |
    And the chip data of the 1st tc-upload say
      | tag  | value |
      | 9F27 | 40    |
      | 9F26 | *     |
    And the 1st upload-end counts 1 payment

  @SET-023 @clock
  Scenario: Where they differ it goes beside the rows
    Given Bob has paid 10.00 CNY at "T1"
    And Carol inserts her card for 20.00 CNY at "T1"
    And Bob has paid 30.00 CNY at "T1", which could not take it back
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the 1st batch-upload has 1 row
    And the 1st tc-upload carries
      | field | value |
      | F60.3 | 205   |
    And the 1st upload-end counts 2 payments

  @SET-024
  Scenario: What the chip declined after the host is uploaded as failed
    Given Carol's chip answers "EXTERNAL AUTHENTICATE" with "6300"
    And Carol inserts her card for 20.00 CNY at "T1"
    When the cashier settles at "T1"
    Then "T1" shows SETTLED
    And the 1st tc-upload carries
      | field | value |
      | F60.3 | 204   |
    And the chip data of the 1st tc-upload say
      | tag  | value |
      | 9F27 | 00    |
